import { createServer } from 'node:net'
import { freePort } from '@waybill/embedded'

/** The wanted port of 127.0.0.1 while it is free and not in `taken`, else any free one; the answer joins `taken`. */
export async function choosePort(wanted: number, taken: Set<number>): Promise<number> {
  let port = wanted
  while (taken.has(port) || !(await canListen(port))) port = await freePort()
  taken.add(port)
  return port
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)))
  })
}
