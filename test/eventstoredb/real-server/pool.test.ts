import { poolOnServer } from '../pool-on-server.ts'
import { ownPlace } from './server.ts'

/** The way to the server is cut, since it belongs to somebody else. */
poolOnServer('a real server', async () => {
  const { url, proxy } = await ownPlace()
  return { url, kill: proxy.cut, restart: proxy.restore, dispose: proxy.cut }
})
