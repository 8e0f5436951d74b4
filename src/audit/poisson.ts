/** Probability that a Poisson variable of this mean is at most `count`. */
export function fewer(count: number, mean: number): number {
  if (mean <= 0) return 1
  return count >= mean ? 1 - tailAbove(count + 1, mean) : tailBelow(count, mean)
}

/** Probability that it is at least `count`. */
export function more(count: number, mean: number): number {
  if (count <= 0) return 1
  if (mean <= 0) return 0
  return count > mean ? tailAbove(count, mean) : 1 - tailBelow(count - 1, mean)
}

/** Sum of the probabilities from `count` downwards, which fall: `count` is not above the mean. */
function tailBelow(count: number, mean: number): number {
  let term = Math.exp(logProbability(count, mean))
  let sum = 0
  for (let i = count; i >= 0 && term > sum * 1e-17; i--) {
    sum += term
    term *= i / mean
  }
  return Math.min(1, sum)
}

/** Sum of the probabilities from `count` upwards, which fall: `count` is not below the mean. */
function tailAbove(count: number, mean: number): number {
  let term = Math.exp(logProbability(count, mean))
  let sum = 0
  for (let i = count; term > sum * 1e-17; i++) {
    sum += term
    term *= mean / (i + 1)
  }
  return Math.min(1, sum)
}

const logProbability = (count: number, mean: number): number =>
  count * Math.log(mean) - mean - logFactorial(count)

/** ln n!, by Stirling's series beyond the first few: exact to 1e-11. */
function logFactorial(n: number): number {
  if (n < 20) {
    let product = 1
    for (let i = 2; i <= n; i++) product *= i
    return Math.log(product)
  }
  const x = n + 1
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3)
}
