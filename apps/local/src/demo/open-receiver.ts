import { readFile } from 'node:fs/promises'
import { issueCertificate, makeAuthority, type IssuedCertificate } from '@waybill/certificates'
import type { LocalConfig } from '../config.ts'
import { choosePort } from '../stack/choose-port.ts'
import type { Ending } from '../stack/create-ending.ts'
import type { Terminal } from '../stack/create-terminal.ts'
import { localFiles } from '../stack/local-folder.ts'
import { writePrivateFile } from '../stack/write-private-file.ts'
import type { ArrivalLog } from './arrival-log.ts'
import { describeArrival } from './describe-arrival.ts'
import type { SecretsByPath } from './load-demo.ts'
import { startDemoReceiver, type DemoReceiver } from './start-demo-receiver.ts'

type Deps = { config: LocalConfig; terminal: Terminal; ending: Ending }
type Setting = {
  calm: boolean
  log: ArrivalLog
  readSecrets: () => Promise<SecretsByPath>
  takenPorts: Set<number>
}

/** A stack may stay up for long. */
const validMs = 365 * 86_400_000

/** Starts the receiver with a certificate, and writes down for the worker whom to trust because of it. */
export async function openReceiver(
  { config, terminal, ending }: Deps,
  { takenPorts, ...setting }: Setting,
): Promise<DemoReceiver> {
  const { authority, tls } = await makeCertificate()
  await writeTrusted(authority, config.inherited['NODE_EXTRA_CA_CERTS'])
  const receiver = await startDemoReceiver({
    ...setting,
    tls,
    port: await choosePort(8081, takenPorts),
    securePort: await choosePort(8443, takenPorts),
    onArrival: (arrival) => terminal.say(describeArrival(arrival, terminal.colours)),
  })
  ending.later('the receiver', receiver.close)
  return receiver
}

/** Of an authority of this start alone: its key is forgotten at once, so that nobody can sign anything else with it. */
async function makeCertificate(): Promise<{ authority: string; tls: IssuedCertificate }> {
  const validity = { notAfter: new Date(Date.now() + validMs) }
  const authority = await makeAuthority('Waybill demo authority', validity)
  return { authority: authority.cert, tls: await issueCertificate(authority, ['127.0.0.1'], validity) }
}

/** Node takes one file only: those whom the person trusts already stay trusted. */
async function writeTrusted(authority: string, inherited: string | undefined): Promise<void> {
  const others = inherited ? await readFile(inherited, 'utf8').catch(() => '') : ''
  await writePrivateFile(localFiles.trusted, `${authority.trim()}\n${others}`)
}
