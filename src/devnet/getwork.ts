import * as E from 'fp-ts/lib/Either.js'
import { HEADER_BYTES, headerBits } from '../../domain/decred/header.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { compactToTarget, targetBytes } from '../../domain/decred/target.ts'
import type { ChainBlock } from './block-tree.ts'
import type { DevnetNode } from './node.ts'
import { releases } from './release.ts'
import { ErrorCode, type RpcError, rpcError } from './rpc-error.ts'
import type { Json } from './rpc-json.ts'
import type { Work } from './work.ts'

/** Digits of `getwork` data in hex: the header and 12 bytes of padding. */
const DATA_DIGITS = 384

/** Data and target of work, as `getwork` and the `work` notification carry them: the target little-endian. */
export function workData(
  node: DevnetNode,
  header: Uint8Array,
): { readonly data: string; readonly target: string } {
  return {
    data: toHex(header) + releases[node.chain.parameters.powAlgorithm].workPadding,
    target: toHex(targetBytes(compactToTarget(headerBits(header)))),
  }
}

/**
 * The method `getwork`. Requests and submissions pass one at a time, as in dcrd: while a request waits for a template of
 * a new tip, a found block waits behind it.
 */
export class GetWork {
  readonly #node: DevnetNode
  readonly #templateWaitMs: number
  #turn: Promise<unknown> = Promise.resolve()
  #tip: ChainBlock | undefined
  #waits = false

  /** @param templateWaitMs how long the first request after a new tip waits for a newer template: dcrd 5500 */
  constructor(node: DevnetNode, templateWaitMs: number) {
    this.#node = node
    this.#templateWaitMs = templateWaitMs
  }

  /** Hands out work. */
  request(): Promise<E.Either<RpcError, Json>> {
    return this.#inTurn(async () => {
      const desk = this.#node.work
      if (this.#tip !== this.#node.chain.tip) {
        desk.forgetOld()
        this.#tip = this.#node.chain.tip
        this.#waits = true
      }
      if (this.#waits && desk.isRemembered(desk.current)) await this.#nextTemplate()
      this.#waits = false
      const work: Work = desk.current
      desk.remember(work)
      return E.right(workData(this.#node, desk.headerNow(work)))
    })
  }

  /** Takes a solution in hex. False when it is not one, or comes too late. */
  submit(hex: string): Promise<E.Either<RpcError, Json>> {
    return this.#inTurn(async () => {
      const even = hex.length % 2 === 0 ? hex : `0${hex}`
      if (even.length !== DATA_DIGITS) {
        const { wrongLength } = releases[this.#node.chain.parameters.powAlgorithm]
        return E.left(rpcError(ErrorCode.invalidParameter, wrongLength(hex.length)))
      }
      const data = fromHex(even)
      if (data === undefined) return E.left(notHex(even, false))
      return E.right(this.#node.submit(data.slice(0, HEADER_BYTES)))
    })
  }

  /** Runs a task when all before it are done. */
  #inTurn<A>(task: () => Promise<A>): Promise<A> {
    const result = this.#turn.then(task)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** Resolves at the next template, or when the wait is over. */
  #nextTemplate(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        unlisten()
        resolve()
      }
      const timer = setTimeout(done, this.#templateWaitMs)
      const unlisten = this.#node.listen((event) => {
        if (event.kind === 'work') done()
      })
    })
  }
}

/** dcrd's error about a text that is not hex. */
export const notHex = (text: string, result: Json = null): RpcError =>
  rpcError(ErrorCode.decodeHex, `Argument must be hexadecimal string (not ${JSON.stringify(text)})`, result)
