import { readFile } from 'node:fs/promises'
import {
  checkMasterKey,
  createToken,
  deriveMasterKeys,
  findPrincipal,
  hashToken,
  loadSubscriptions,
  openDatabase,
  putIntegration,
  type Database,
} from '@waybill/db'
import { localFiles } from '../stack/local-folder.ts'
import { writePrivateFile } from '../stack/write-private-file.ts'
import { demoIntegration } from './demo-subscribers.ts'

/** The signing secrets of the demo's subscriptions, by the path they are sent to. */
export type SecretsByPath = ReadonlyMap<string, readonly Uint8Array[]>

export type DemoData = { token: string; readSecrets(): Promise<SecretsByPath>; close(): Promise<void> }

/** Makes the demo's integration and token unless they are there, and opens what the receiver needs to verify signatures. */
export async function loadDemo(databaseUrl: string, masterKey: Buffer): Promise<DemoData> {
  const database = openDatabase({
    url: databaseUrl,
    applicationName: 'waybill-local',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 10_000,
  })
  try {
    const keys = deriveMasterKeys(masterKey)
    await checkMasterKey(database.sql, keys)
    await putIntegration(database.orm, demoIntegration.id, demoIntegration.name)
    const token = await ensureToken(database)
    return {
      token,
      readSecrets: async () => {
        const { changed } = await loadSubscriptions(database.sql, keys, 0)
        const living = changed.filter((one) => one.integration === demoIntegration.id && !one.deleted)
        return new Map(living.map((one) => [new URL(one.url).pathname, one.secrets ?? []]))
      },
      close: () => database.close(),
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The token of the last start while the database knows it, else a new one. */
async function ensureToken({ orm }: Pick<Database, 'orm'>): Promise<string> {
  const kept = (await readFile(localFiles.token, 'utf8').catch(() => '')).trim()
  const principal = kept === '' ? undefined : await findPrincipal(orm, hashToken(kept))
  if (principal?.integrations.has(demoIntegration.id)) return kept
  const { token } = await createToken(orm, 'local demo', [demoIntegration.id])
  await writePrivateFile(localFiles.token, `${token}\n`)
  return token
}
