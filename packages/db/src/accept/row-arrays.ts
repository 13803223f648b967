import type { IntegrationId } from '@waybill/domain'
import type { AcceptEntry } from './store-triggers.ts'

/** A trigger as the api has checked it. `data` is its JSON text as posted. */
export type NewTrigger = {
  eventId: number
  orderId: string | null
  facilityId: string | null
  search: string | null
  /** The catalogue id of the status the order had, where the trigger tells an event and names one. */
  orderStatus: number | null
  /** SHA-256 of the order system's own event id. */
  occurrence: Buffer | null
  data: string
}

/** The columns of the accept statement: one array a column, entries first, then their triggers in entry order. */
export function rowArrays(entries: AcceptEntry[]) {
  const columns = {
    entryIntegration: [] as IntegrationId[],
    entryKey: [] as (string | null)[],
    entryBody: [] as (string | null)[],
    entryFirst: [] as number[],
    entry: [] as number[],
    integration: [] as IntegrationId[],
    eventId: [] as number[],
    orderId: [] as (string | null)[],
    facilityId: [] as (string | null)[],
    search: [] as (string | null)[],
    orderStatus: [] as (number | null)[],
    occurrence: [] as (string | null)[],
    data: [] as string[],
  }
  entries.forEach((entry, i) => {
    columns.entryIntegration.push(entry.integration)
    columns.entryKey.push(entry.key?.hash.toString('hex') ?? null)
    columns.entryBody.push(entry.key?.bodyHash.toString('hex') ?? null)
    columns.entryFirst.push(columns.data.length)
    for (const trigger of entry.triggers) {
      columns.entry.push(i + 1)
      columns.integration.push(entry.integration)
      columns.eventId.push(trigger.eventId)
      columns.orderId.push(trigger.orderId)
      columns.facilityId.push(trigger.facilityId)
      columns.search.push(trigger.search)
      columns.orderStatus.push(trigger.orderStatus)
      columns.occurrence.push(trigger.occurrence?.toString('hex') ?? null)
      columns.data.push(trigger.data)
    }
  })
  return columns
}
