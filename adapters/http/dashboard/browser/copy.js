/** Gives every block of settings a button that copies it. Without this script the text can be selected with one click. */
for (const block of document.querySelectorAll('[data-copy]')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'copy'
  button.textContent = 'Copy'
  button.setAttribute('aria-label', `Copy ${block.getAttribute('data-copy')}`)
  button.addEventListener('click', async () => {
    button.textContent = (await copied(block.querySelector('code')?.textContent ?? ''))
      ? 'Copied'
      : 'Press Ctrl+C'
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 2000)
  })
  block.append(button)

  /** @param {string} text */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      // Only a secure page may write to the clipboard: select the text instead.
      getSelection()?.selectAllChildren(block.querySelector('code') ?? block)
      return false
    }
  }
}
