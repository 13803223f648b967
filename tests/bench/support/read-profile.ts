import { readFile } from 'node:fs/promises'
import type { Window } from './run-load.ts'

/** The parts we read of a V8 CPU profile: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
type CpuProfile = {
  startTime: number
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

export type SelfTime = { where: string; percent: number }
export type ReadProfile = { functions: SelfTime[]; modules: SelfTime[] }

const notBusy = new Set(['(idle)', '(root)', '(program)'])

/**
 * Self time within the windows, of functions and of the modules they are in, most first, in percent of the time the
 * process was busy. V8 stamps its samples on the same monotonic clock as `sharedNow`, in microseconds.
 */
export async function readProfile(file: string, windows: readonly Window[]): Promise<ReadProfile> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const functions = new Map<string, number>()
  const modules = new Map<string, number>()
  let busy = 0
  let now = profile.startTime
  profile.samples.forEach((id, i) => {
    const frame = nodes.get(id)
    const microseconds = profile.timeDeltas[i] ?? 0
    now += microseconds
    if (!windows.some(({ from, to }) => now >= from * 1_000 && now <= to * 1_000)) return
    if (!frame || frame.functionName === '(idle)' || frame.functionName === '(root)') return
    busy += microseconds
    const file = shortPath(frame.url)
    const name = frame.functionName || '(anonymous)'
    const where = file === '' ? name : `${name} ${file}:${frame.lineNumber + 1}`
    functions.set(where, (functions.get(where) ?? 0) + microseconds)
    const module = moduleOf(file, notBusy.has(name) ? name : file === '' ? nativeName(name) : '')
    modules.set(module, (modules.get(module) ?? 0) + microseconds)
  })
  const ranked = (times: Map<string, number>) =>
    [...times]
      .map(([where, microseconds]) => ({ where, percent: (microseconds / busy) * 100 }))
      .sort((a, b) => b.percent - a.percent)
  return { functions: ranked(functions), modules: ranked(modules) }
}

const nativeName = (name: string) => (name === '(garbage collector)' ? name : '(native)')

/** From the package's or the app's own name on. */
function shortPath(url: string): string {
  const path = url.replace(/^file:\/\//, '')
  const installed = path.lastIndexOf('/node_modules/')
  if (installed >= 0) return path.slice(installed + '/node_modules/'.length)
  return path.replace(/^.*\/(apps|packages)\//, '$1/')
}

function moduleOf(file: string, otherwise: string): string {
  if (otherwise !== '') return otherwise
  if (file.startsWith('node:')) return file.split('/').slice(0, 2).join('/')
  return file
    .split('/')
    .slice(0, file.startsWith('@') || /^(apps|packages)\//.test(file) ? 2 : 1)
    .join('/')
}
