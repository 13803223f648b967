/** Run by start-in-process.ts: starts the server, prints it as one JSON line, then stops it or waits to be killed. */
import { startEmbeddedPostgres } from '@waybill/embedded'

const [dataDir = '', then] = process.argv.slice(2)
const server = await startEmbeddedPostgres({ dataDir, logger: () => {} })
if (then === 'stop') await server.stop()
else setInterval(() => {}, 60_000)
process.stdout.write(
  `${JSON.stringify({ url: server.url, pid: server.pid, version: server.version, uid: process.getuid?.() })}\n`,
)
