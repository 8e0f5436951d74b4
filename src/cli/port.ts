import { createServer } from 'node:net'

/** Listens for a moment. Undefined when that works, else the system's code: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`. */
export function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
