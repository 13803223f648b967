/** `npx -y pnpm@12 start [options]`: compiles what changed since the last start, then runs the whole stack on this machine. */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readLaunchers } from './read-launchers.mjs'

const oldestNode = [20, 19]
const launcherEveryMs = 1_000
const root = fileURLToPath(new URL('..', import.meta.url))
const built = join(root, 'apps/local/dist')

/** What runs for us now; a signal to us, or the end of our launcher, is passed on to it. */
let child
let stopped = false

// A terminal that went away must not end us before the stack.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
checkNode()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal))
await watchLaunchers()
await compile()
process.exit(stopped ? 1 : await runStack())

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [oldestMajor, oldestMinor] = oldestNode
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  console.error(`Waybill needs Node ${oldestNode.join('.')} or newer; this is Node ${process.versions.node}.`)
  process.exit(1)
}

function stop(signal) {
  stopped = true
  child?.kill(signal)
}

/** Stops when the npx or pnpm that launched us is gone; started by anything else, nothing is watched. */
async function watchLaunchers() {
  const { chain, orphaned } = await readLaunchers()
  if (orphaned) process.exit(1)
  const look = async () => {
    if ((await readLaunchers()).chain === chain) return
    clearInterval(timer)
    console.log('The npx or pnpm that launched Waybill is gone')
    stop('SIGTERM')
  }
  const timer = setInterval(() => void look(), launcherEveryMs)
}

async function compile() {
  const startedAt = Date.now()
  process.stdout.write('Compiling … ')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-b', 'apps/api', 'apps/worker', 'apps/local']
  child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const code = await ended()
  if (code === 0) return console.log(`done in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`)
  console.log(stopped ? 'stopped' : 'failed')
  console.error(output)
  process.exit(1)
}

/**
 * The stack is a process of its own session, because pnpm kills the process group of a script with SIGKILL as soon as
 * pnpm itself ends, and the stack has things to finish. It notices our end by the pipe that is its standard input.
 */
async function runStack() {
  const program = ['--import', join(built, 'stack/exit-with-parent.js'), join(built, 'main.js')]
  child = spawn(process.execPath, ['--enable-source-maps', ...program, ...process.argv.slice(2)], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const { pid } = child
  const code = await ended()
  if (code === null) removeStateOf(pid)
  return code ?? 1
}

/** The exit code of `child`; null when a signal ended it. */
function ended() {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(String(error))
      resolve(1)
    })
    child.once('close', resolve)
  })
}

/** A stack that was killed cannot take back what it says about itself. */
function removeStateOf(pid) {
  const file = join(root, '.waybill/local.json')
  try {
    if (JSON.parse(readFileSync(file, 'utf8')).pid === pid) rmSync(file)
  } catch {
    // It had not written any.
  }
}
