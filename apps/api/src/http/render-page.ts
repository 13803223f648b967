import { setImmediate as nextTurn } from 'node:timers/promises'
import { withDeadline } from '@waybill/runtime'
import type { PageGate, Turn } from './create-page-gate.ts'
import { CallerGone } from './read-body.ts'
import { StorageTimeout } from './to-problem.ts'

/** Who asks for a page; `signal` aborts once nobody waits for it. */
export type PageCall = { principal: { tokenId: number }; signal: AbortSignal }

/** The JSON text of one row, where it is long in fragments. */
export type RowText = string | readonly string[]

/** A list whose rows are read and written a few at a time. */
export type PageSource<Row extends { bytes: number }> = {
  /** The document's text before its rows and behind them. */
  before: string
  after: string
  /** What stands for the rows; `bytes` is about what is read or written for one. */
  rows: readonly Row[]
  /** Reads and writes these, in their order; one that is gone may be left out. */
  write: (rows: readonly Row[]) => Promise<RowText[]>
}

/** Up to here a page is answered in one piece, and does without the gate. */
const lightBytes = 1_048_576
/** What is read at once, unless a single row is larger: some milliseconds of work between two looks at the network. */
const pieceBytes = 65_536
const pieceWithinMs = 1_700

/**
 * A page as an answer. What it tells can be many megabytes, so its rows are never all held at once, others get their turn
 * between pieces, and nothing more is made once nobody waits for it. A heavy page is sent while it is made; its first
 * piece is there when this resolves, so that what usually goes wrong still becomes a refusal.
 */
export async function renderPage<Row extends { bytes: number }>(
  gate: PageGate,
  { principal, signal }: PageCall,
  source: PageSource<Row>,
): Promise<{ status: number; text: string; rest?: AsyncIterable<string> }> {
  const bytes = source.rows.reduce((sum, row) => sum + row.bytes, 0)
  if (bytes <= lightBytes) {
    let text = ''
    for await (const piece of makePieces(source, signal, (makePiece) => makePiece())) text += piece
    return { status: 200, text }
  }
  const rest = makePieces(source, signal, gate.enter(principal.tokenId, signal))
  const first = await rest.next()
  return { status: 200, text: first.value ?? '', rest }
}

async function* makePieces<Row extends { bytes: number }>(
  { before, after, rows, write }: PageSource<Row>,
  signal: AbortSignal,
  turn: Turn,
): AsyncGenerator<string, undefined> {
  let held = before
  let separator = ''
  for (const some of split(rows)) {
    await nextTurn()
    if (signal.aborted) throw new CallerGone('nobody waits for this page any more')
    // A turn ends in time even where the database says nothing: others wait for it.
    const texts = await turn(() => withDeadline(write(some), pieceWithinMs, tooSlow))
    for (const text of texts) {
      held += separator
      separator = ','
      for (const fragment of typeof text === 'string' ? [text] : text) {
        held += fragment
        if (held.length < pieceBytes) continue
        yield held
        held = ''
      }
    }
    if (held !== '') yield held
    held = ''
  }
  yield held + after
  return undefined
}

const tooSlow = () => new StorageTimeout('a statement did not answer')

/** Rows in groups of {@link pieceBytes} at most; one that is larger stands alone. */
function* split<Row extends { bytes: number }>(rows: readonly Row[]): Generator<Row[]> {
  let group: Row[] = []
  let bytes = 0
  for (const row of rows) {
    if (group.length > 0 && bytes + row.bytes > pieceBytes) {
      yield group
      group = []
      bytes = 0
    }
    group.push(row)
    bytes += row.bytes
  }
  if (group.length > 0) yield group
}
