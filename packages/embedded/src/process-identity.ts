import { readFile } from 'node:fs/promises'

/**
 * What tells this process from a later one with the same id, or `undefined` when nothing lives under `pid`. A zombie
 * counts as dead: it holds no files, and under an init that never reaps it would otherwise live forever.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (!answersSignals(pid)) return undefined
  if (process.platform !== 'linux') return 'alive'
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name in brackets and may itself hold brackets and spaces: see proc_pid_stat(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startedAt] = [fields[0], fields[19]]
  if (startedAt === undefined || state === 'Z' || state === 'X') return undefined
  return startedAt
}

function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
