import type { RouteRecord } from '@waybill/db'
import { PlanomaticRefusal } from './envelope.ts'

export type RouteRecords = {
  /** Resolves when the route is in service; refuses with `route-not-found`, `service-not-found`, `identify-request-error`. */
  identify(path: string): Promise<void>
}

type RouteRecordsOptions = { monotonic: () => number; onError: (error: unknown) => void }

/** How long the records are believed, and how long after a failed look at them the old ones are. */
const believedMs = 5_000
const afterFailureMs = 1_000

/**
 * Which routes are in service, by their records. The records are read together, at most every 5 s and once for all who
 * wait; when they cannot be read the last known ones hold.
 */
export function createRouteRecords(
  load: () => Promise<readonly RouteRecord[]>,
  { monotonic, onError }: RouteRecordsOptions,
): RouteRecords {
  let known: ReadonlyMap<string, RouteRecord> | undefined
  let until = 0
  let loading: Promise<void> | undefined

  const reload = async (): Promise<void> => {
    try {
      const records = await load()
      known = new Map(records.map((record) => [record.path, record]))
      until = monotonic() + believedMs
    } catch (error) {
      onError(error)
      until = monotonic() + afterFailureMs
    } finally {
      loading = undefined
    }
  }
  return {
    identify: async (path) => {
      if (!known || monotonic() >= until) await (loading ??= reload())
      if (!known) throw new PlanomaticRefusal('identify-request-error')
      const record = known.get(path)
      if (!record?.deployedAt) throw new PlanomaticRefusal('route-not-found')
      if (!record.serviceDeployedAt) throw new PlanomaticRefusal('service-not-found')
    },
  }
}
