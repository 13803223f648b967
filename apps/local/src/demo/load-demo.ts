import { readFile } from 'node:fs/promises'
import {
  checkMasterKey,
  createToken,
  deriveMasterKeys,
  findPrincipal,
  findUserByEmail,
  hashToken,
  loadSubscriptions,
  openDatabase,
  putIntegration,
  type Database,
} from '@waybill/db'
import { localFiles } from '../stack/local-folder.ts'
import { writePrivateFile } from '../stack/write-private-file.ts'
import { demoPerson } from './demo-person.ts'
import { demoIntegration } from './demo-subscribers.ts'

/** The signing secrets of the demo's subscriptions, by the path they are sent to. */
export type SecretsByPath = ReadonlyMap<string, readonly Uint8Array[]>

/** An application's token and its number, which are the password and the user name of HTTP Basic. */
export type DemoToken = { token: string; tokenId: number }

export type DemoData = DemoToken & {
  /** Whether the database has the demo's person already. */
  knowsPerson: boolean
  readSecrets(): Promise<SecretsByPath>
  close(): Promise<void>
}

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
    return {
      ...(await ensureToken(database)),
      knowsPerson: (await findUserByEmail(database.orm, demoPerson.email)) !== undefined,
      readSecrets: async () => {
        const { changed } = await loadSubscriptions(database.sql, keys, 0)
        const living = changed.filter((one) => one.integration === demoIntegration.id && !one.deleted)
        const byPath = new Map<string, Uint8Array[]>()
        for (const { url, secrets = [] } of living) {
          const { pathname } = new URL(url)
          byPath.set(pathname, [...(byPath.get(pathname) ?? []), ...secrets])
        }
        return byPath
      },
      close: () => database.close(),
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The token of the last start while the database knows it, else a new one. */
async function ensureToken({ orm }: Pick<Database, 'orm'>): Promise<DemoToken> {
  const kept = (await readFile(localFiles.token, 'utf8').catch(() => '')).trim()
  const principal = kept === '' ? undefined : await findPrincipal(orm, hashToken(kept))
  if (principal?.integrations.has(demoIntegration.id)) return { token: kept, tokenId: principal.tokenId }
  const { token, id } = await createToken(orm, 'local demo', [demoIntegration.id])
  await writePrivateFile(localFiles.token, `${token}\n`)
  return { token, tokenId: id }
}
