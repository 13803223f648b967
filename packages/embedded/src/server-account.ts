import { stat } from 'node:fs/promises'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { runCommand } from './run-command.ts'

/** Who runs the server; without ids: whoever runs this process. */
export type ServerAccount = { ids?: { uid: number; gid: number } }

const ourselves: ServerAccount = {}
const accountName = 'postgres'

/**
 * The account for the server processes. PostgreSQL refuses to run as root, so root lends it the owner of the existing
 * data or the system user `postgres`, which is created when missing.
 *
 * @throws EmbeddedPostgresError `account_failed`
 */
export async function serverAccount(cluster?: string): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) return ourselves
  const owner = cluster === undefined ? undefined : await stat(cluster).catch(() => undefined)
  if (owner !== undefined && owner.uid !== 0) return { ids: { uid: owner.uid, gid: owner.gid } }
  return (await findAccount()) ?? (await createAccount())
}

async function findAccount(): Promise<ServerAccount | undefined> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map((flag) => runCommand('id', [flag, accountName], ourselves)),
  )
  if (!uid?.ok || !gid?.ok) return undefined
  return { ids: { uid: Number(uid.output), gid: Number(gid.output) } }
}

/** Two families of tools: shadow (Debian, Fedora) and busybox (Alpine). */
async function createAccount(): Promise<ServerAccount> {
  await runCommand('groupadd', ['--system', accountName], ourselves)
  const noLogin = ['--home-dir', '/', '--no-create-home', '--shell', '/bin/false']
  const shadow = ['--system', '--gid', accountName, ...noLogin, accountName]
  const made = await runCommand('useradd', shadow, ourselves)
  if (!made.ok) {
    await runCommand('addgroup', ['-S', accountName], ourselves)
    await runCommand(
      'adduser',
      ['-S', '-D', '-H', '-s', '/bin/false', '-G', accountName, accountName],
      ourselves,
    )
  }
  const account = await findAccount()
  if (account !== undefined) return account
  throw new EmbeddedPostgresError(
    'account_failed',
    `PostgreSQL does not run as root, and the system user "${accountName}" could not be created (${made.output}). ` +
      'Create it, run this as an ordinary user, or point DATABASE_URL at a PostgreSQL of your own.',
  )
}
