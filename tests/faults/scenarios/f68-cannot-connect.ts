import { connect, createServer, type AddressInfo } from 'node:net'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

/** A port whose queue of connections is full: a SYN gets no answer, as behind a firewall. */
async function startSilentPort(context: FaultContext): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, resolve))
  const { port } = server.address() as AddressInfo
  process.kill(process.pid, 0)
  server.unref()
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  context.cleanUp(async () => {
    for (const filler of fillers) filler.destroy()
    server.close()
  })
  return port
}

async function startResettingPort(context: FaultContext): Promise<number> {
  const server = createServer((socket) => void socket.resetAndDestroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.cleanUp(async () => void server.close())
  return (server.address() as AddressInfo).port
}

export const scenario: Scenario = {
  id: 'F68',
  title: 'endpoints that refuse, reset and cannot be reached',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const resetting = await startResettingPort(context)
    const refusing = await startSilentPort(context)
    const horizon = { horizonSeconds: 10 }
    await stack.subscribe('/refused', { url: 'http://127.0.0.1:9/refused', ...horizon })
    await stack.subscribe('/reset', { url: `http://127.0.0.1:${resetting}/reset`, ...horizon })
    await stack.subscribe('/unreachable', { url: 'http://127.255.255.255:8099/unreachable', ...horizon })
    await stack.subscribe('/silent', {
      url: `http://127.0.0.1:${refusing}/silent`,
      timeoutMs: 2_000,
      ...horizon,
    })
    await stack.client.post(20, { rate: 20 })
    const finding = await judge(stack, { timeoutMs: 120_000 })
    const { attempts } = await readLedgers(stack)
    const codes = [
      ...new Set(attempts.filter(({ err }) => err !== null).map(({ err }) => String(err))),
    ].toSorted()
    finding.notes.push(`codes of the attempts: ${codes.join(', ')}`)
    mustHold(finding, codes.includes('connection_reset'), 'F68 no attempt says connection_reset')
    mustHold(
      finding,
      attempts.every(({ code, err }) => code !== null || (err !== null && err !== 'send_failed')),
      'F68 an attempt without a code of its own',
    )
    return finding
  },
}
