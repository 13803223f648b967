import { claimNotices, settleNotice, type ClaimedNotice } from '@waybill/db'
import { noticeKinds } from '@waybill/domain'
import type { WorkerDeps } from '../deps.ts'
import { writeUntilStored } from '../record/write-until-stored.ts'
import { tellNotice } from './tell-notice.ts'

export type NotifyDeps = Pick<WorkerDeps, 'sql' | 'publicIds' | 'mailer' | 'metrics' | 'logger' | 'pause'>

/** Mails under way at once, which is also what a claim takes. */
const atOnce = 5
/** Several times what telling takes at most, so that no two workers tell the same notice. */
const leaseMs = 120_000

/**
 * Claim → mail → settle, until nothing is due. A worker that dies between the last two leaves a notice that is told once
 * more when its lease is over, with the same Message-ID.
 */
export async function tellNotices(deps: NotifyDeps, signal: AbortSignal): Promise<void> {
  for (;;) {
    if (signal.aborted) return
    const claimed = await claimNotices(deps.sql, { limit: atOnce, leaseMs })
    await Promise.all(claimed.map((notice) => tell(deps, notice)))
    if (claimed.length < atOnce) return
  }
}

/** One that cannot be told must not keep the others from it; its lease brings it back. */
async function tell(deps: NotifyDeps, notice: ClaimedNotice): Promise<void> {
  try {
    if (notice.tries === 1) deps.metrics.noticed(noticeKinds.find((kind) => kind === notice.kind) ?? 'other')
    const outcome = await tellNotice(deps, notice)
    await writeUntilStored(() => settleNotice(deps.sql, notice, outcome), deps)
  } catch (error) {
    deps.logger.error('notice.failed', { notice: notice.id, kind: notice.kind, error })
  }
}
