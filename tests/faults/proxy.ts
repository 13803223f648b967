/** `pnpm faultproxy <host:port> [--port n] [--control n]`: a link that can be broken by hand, told by HTTP. */
import { parseArgs } from 'node:util'
import { startFaultProxy } from './support/fault-proxy.ts'
import { startProxyControl } from './support/start-proxy-control.ts'

const usage = 'usage: pnpm faultproxy <host:port> [--port n] [--control n]'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string' }, control: { type: 'string' } },
})
const [target] = positionals
if (!target || !/^[^:]+:\d+$/.test(target)) {
  process.stderr.write(`${usage}\n`)
  process.exit(64)
}
const proxy = await startFaultProxy(Number(values.port ?? 0))
proxy.route(`tcp://${target}`)
const control = await startProxyControl(proxy, Number(values.control ?? 0))
process.stdout.write(`127.0.0.1:${proxy.port} leads to ${target}\n`)
process.stdout.write(`curl -d '{"latencyMs":200}' ${control.url}/set\n`)
process.once('SIGINT', () => void Promise.all([proxy.close(), control.close()]))
process.once('SIGTERM', () => void Promise.all([proxy.close(), control.close()]))
