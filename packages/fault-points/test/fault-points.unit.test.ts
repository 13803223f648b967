import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { startProcess } from '@waybill/testing'
import * as active from '../src/active.ts'
import { faultPoint } from '../src/index.ts'
import * as shipped from '../src/index.ts'
import { parseFaultPoint } from '../src/parse-fault-point.ts'

const program = join(import.meta.dirname, 'support/pass-points.ts')
const packageFolder = join(import.meta.dirname, '..')

const pass = (condition: string, faultPointText: string) =>
  startProcess({
    program,
    cwd: packageFolder,
    nodeArgs: [`--conditions=${condition}`, '--conditions=source', '--import', 'tsx'],
    env: { FAULT_POINT: faultPointText },
  })

describe('parseFaultPoint', () => {
  it.each([
    ['', undefined],
    ['a.b', { name: 'a.b', pass: 1, action: { kind: 'kill' } }],
    ['a.b:3', { name: 'a.b', pass: 3, action: { kind: 'kill' } }],
    ['a.b:1:throw', { name: 'a.b', pass: 1, action: { kind: 'throw' } }],
    ['a.b:1:reject', { name: 'a.b', pass: 1, action: { kind: 'reject' } }],
    ['a.b:1:block=90000', { name: 'a.b', pass: 1, action: { kind: 'block', ms: 90_000 } }],
  ])('reads %p', (text, armed) => {
    expect(parseFaultPoint(text)).toEqual(armed)
  })

  it.each(['a:b', 'a:1:explode', ':1'])('refuses %p', (text) => {
    expect(() => parseFaultPoint(text)).toThrow('FAULT_POINT')
  })
})

describe('faultPoint', () => {
  it('has the same face in both halves', () => {
    expect(Object.keys(active).toSorted()).toEqual(Object.keys(shipped).toSorted())
  })

  it('does nothing in the shipped half, whatever the environment says', async () => {
    expect(faultPoint('fan-out.claimed')).toBeUndefined()
    const child = pass('none', 'fan-out.claimed:1')
    expect(await child.exited).toEqual({ code: 0, signal: null })
  })

  it('kills the process at the pass that is named', async () => {
    const child = pass('fault-points', 'fan-out.claimed:2')
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(child.lines.map((line) => line.text)).toContain('passed 1')
    expect(child.lines.map((line) => line.text)).not.toContain('passed 2')
  })

  it('throws where it is told to', async () => {
    const child = pass('fault-points', 'fan-out.claimed:1:throw')
    expect((await child.exited).code).toBe(1)
  })

  it('can be armed while the process runs, by a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waybill-points-'))
    const file = join(folder, 'point')
    const child = pass('fault-points', `@${file}`)
    await child.waitForLine((line) => line.text === 'passed 3')
    await writeFile(file, 'fan-out.claimed:1')
    expect((await child.exited).signal).toBe('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
})
