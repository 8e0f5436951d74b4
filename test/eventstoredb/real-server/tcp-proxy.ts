import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between a client and a server that can't be killed: what it does looks to the client as if the server were. */
export interface TcpProxy {
  readonly port: number
  /** Cuts all connections and takes no new ones. */
  readonly cut: () => Promise<void>
  /** Takes connections again, on the same port. */
  readonly restore: () => Promise<void>
  /** From now until the next cut the server hears its clients, and they don't hear it. */
  readonly swallowAnswers: () => void
}

/** Starts a proxy for a server. */
export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let swallowing = false
  let server = await listen(0)
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0

  async function listen(at: number): Promise<Server> {
    const listening = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ host, port, noDelay: true })
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => {
          sockets.delete(socket)
          client.destroy()
          upstream.destroy()
        })
      }
      client.pipe(upstream)
      upstream.on('data', (bytes) => {
        if (!swallowing) client.write(bytes)
      })
    })
    listening.listen(at, '127.0.0.1')
    await once(listening, 'listening')
    return listening
  }

  return {
    port: own,
    cut: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
    restore: async () => {
      swallowing = false
      if (!server.listening) server = await listen(own)
    },
    swallowAnswers: () => {
      swallowing = true
    },
  }
}
