import { createServer, type AddressInfo } from 'node:net'
import { freePort } from '@waybill/embedded'
import { attemptsByPath } from '../support/attempts-by-path.ts'
import { codesByPath } from '../support/codes-by-path.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'
import { startSilentPort } from '../support/start-silent-port.ts'

async function startResettingPort(context: FaultContext): Promise<number> {
  const server = createServer((socket) => void socket.resetAndDestroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.cleanUp(async () => void server.close())
  return (server.address() as AddressInfo).port
}

/** The only code that attempts at each may have, and how long one may take: the worker waits 3 s for a connection. */
const expected: Record<string, { code: string; withinMs: number }> = {
  '/refused': { code: 'connect_refused', withinMs: 1_500 },
  '/reset': { code: 'connection_reset', withinMs: 1_500 },
  '/unreachable': { code: 'connect_failed', withinMs: 1_500 },
  '/silent': { code: 'connect_timeout', withinMs: 4_500 },
}

export const scenario: Scenario = {
  id: 'F68',
  title: 'endpoints that refuse, reset, never answer a SYN and cannot be reached',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const origins: Record<string, string> = {
      '/refused': `http://127.0.0.1:${await freePort()}`,
      '/reset': `http://127.0.0.1:${await startResettingPort(context)}`,
      // The broadcast address of a loopback network, to which TCP has no way.
      '/unreachable': 'http://127.255.255.255:8099',
      '/silent': `http://127.0.0.1:${await startSilentPort(context)}`,
    }
    for (const [path, origin] of Object.entries(origins))
      await stack.subscribe(path, { url: `${origin}${path}`, horizonSeconds: 10 })
    await stack.client.post(20, { rate: 20 })
    const finding = await judge(stack, { timeoutMs: 120_000 })
    const codes = await codesByPath(stack)
    const attempts = await attemptsByPath(stack)
    for (const [path, { code, withinMs }] of Object.entries(expected)) {
      const found = codes.get(path)?.join() ?? ''
      const longestMs = Math.max(...(attempts.get(path) ?? []).map(({ ms }) => ms ?? Number.NaN))
      finding.notes.push(`${path} ${found}, the longest attempt ${longestMs} ms`)
      mustHold(finding, found === code, `F68 ${path}: the attempts say "${found}", not "${code}"`)
      mustHold(
        finding,
        longestMs <= withinMs,
        `F68 ${path}: an attempt took ${longestMs} ms, not ${withinMs}`,
      )
    }
    return finding
  },
}
