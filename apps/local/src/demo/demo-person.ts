import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LocalConfig } from '../config.ts'
import { childEnvironment } from '../stack/child-environment.ts'
import { localFiles, repoRoot } from '../stack/local-folder.ts'
import { writePrivateFile } from '../stack/write-private-file.ts'
import { demoIntegration } from './demo-subscribers.ts'

/** Somebody who can log in to the PlanOmatic API. */
export const demoPerson = { email: 'demo@yard.test', name: 'Demo Person' } as const

type Setting = { config: LocalConfig; databaseUrl: string; known: boolean; signal: AbortSignal }

const passwordVariable = 'WAYBILL_DEMO_PASSWORD'
const run = promisify(execFile)

/** Makes the person as an operator would, unless they are there with a password that we know. Returns the password. */
export async function ensurePerson(setting: Setting): Promise<string> {
  const kept = (await readFile(localFiles.password, 'utf8').catch(() => '')).trim()
  if (setting.known && kept !== '') return kept
  const password = kept === '' ? randomBytes(18).toString('base64url') : kept
  await callAdmin(setting, password)
  // Last: a file must not promise a password that the database does not have.
  if (kept === '') await writePrivateFile(localFiles.password, `${password}\n`)
  return password
}

async function callAdmin({ config, databaseUrl, known, signal }: Setting, password: string): Promise<void> {
  const program = join(repoRoot, 'apps/api/dist/commands/admin.js')
  const { email, name } = demoPerson
  const what = known
    ? ['set-password']
    : ['create', '--name', name, '--role', 'client', '--integration', String(demoIntegration.id)]
  const args = [program, 'user', ...what, '--email', email, '--password-env', passwordVariable]
  const env = childEnvironment(config, { DATABASE_URL: databaseUrl, [passwordVariable]: password })
  const running = run(process.execPath, args, { env, signal })
  running.child.stdin?.end()
  await running
}
