/** Numbers from 1 on, in the place of chance. */
export function counter(): () => number {
  let last = 0
  return () => ++last
}
