/** Set up before every test file: each answer of the API that any test asks for is held against the OpenAPI document. */
const plain = globalThis.fetch

globalThis.fetch = async (input, init) => {
  const response = await plain(input, init)
  const { pathname } = new URL(input instanceof Request ? input.url : input)
  if (!pathname.startsWith('/api/')) return response
  // Only the few files that ask the API pay for loading the validator.
  const { answerFaults } = await import('./api-answers.ts')
  const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
  const faults = await answerFaults(method, pathname, response)
  if (faults.length > 0) throw new Error(`not as the OpenAPI document says:\n${faults.join('\n')}`)
  return response
}
