import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A package manager, or a shell that one put in between to run a script. */
const launcher = /(^|[\s/])(npx|npm|pnpm)(-cli)?(\.[cm]?js)?(@\S+)?(\s|$)|^\S*sh -c /
const npx = /(^|[\s/])(npx|npm)(-cli)?(\.[cm]?js)?(\s|$)/
const maxDepth = 8

/**
 * The processes that launched this one: its parents for as long as they are npx, npm, pnpm or their shells, nearest
 * first, as text. When one of them dies its child gets another parent, so the text changes; `orphaned` when npx was
 * gone before anybody looked.
 */
export async function readLaunchers() {
  const launchers = []
  let top = ''
  let pid = process.ppid
  while (pid > 1 && launchers.length < maxDepth) {
    const command = await commandOf(pid)
    if (!launcher.test(command)) break
    launchers.push(pid)
    top = command
    pid = await parentOf(pid)
  }
  const withoutNpx = launchers.length > 0 && pid <= 1 && !npx.test(top)
  return { chain: launchers.join(' '), orphaned: withoutNpx && startedByNpx() }
}

/** npx puts the folder of what it fetched first in the path of what it runs. */
function startedByNpx() {
  return (process.env.PATH ?? '').includes('/_npx/')
}

async function parentOf(pid) {
  if (process.platform !== 'linux') return Number(await ps(pid, 'ppid='))
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name in brackets and may itself hold blanks: see proc_pid_stat(5).
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

async function commandOf(pid) {
  if (process.platform !== 'linux') return ps(pid, 'command=')
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.replaceAll('\0', ' ')
}

async function ps(pid, format) {
  const asked = promisify(execFile)('ps', ['-p', String(pid), '-o', format])
  const { stdout } = await asked.catch(() => ({ stdout: '' }))
  return stdout.trim()
}
