import { freePort, isPortFree } from '@waybill/embedded'

/** The wanted port of 127.0.0.1 while it is free and not in `taken`, else any free one; the answer joins `taken`. */
export async function choosePort(wanted: number, taken: Set<number>): Promise<number> {
  let port = wanted
  while (taken.has(port) || !(await isPortFree(port))) port = await freePort()
  taken.add(port)
  return port
}
