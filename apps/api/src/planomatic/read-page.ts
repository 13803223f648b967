import type { ParamReader } from './param-reader.ts'

const defaultSize = 25
const maxSize = 100
/** Rows that are skipped cost as much as rows that are read. */
const farthestRow = 100_000

/** `page.size` and `page.number`, which counts from 1. */
export function readPage(params: ParamReader): { size: number; page: number } {
  params.object('page', ['size', 'number'])
  const size = params.integer('page.size', { min: 1, max: maxSize }) ?? defaultSize
  const page = params.integer('page.number', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 1
  if (page * size > farthestRow)
    params.invalid('page.number', `page.number × page.size is at most ${farthestRow}: narrow the filters`)
  return { size, page }
}
