import { describe, expect, it } from '@jest/globals'
import { catalogue } from '@waybill/domain'
import { errorTable, fieldTitles } from '../../apps/api/src/http/error-table.ts'
import { attemptErrors, nativeRoutePaths } from './support/read-api.ts'
import { routeSections, tableCells } from './support/read-api-page.ts'

const firstCells = (heading: string, secondColumn: string) =>
  tableCells(heading, secondColumn).map(([first]) => first)

describe('docs/api.md', () => {
  it('has a heading for every route of the native API, and for no other', () => {
    const routes = nativeRoutePaths()
    expect(routes).toEqual(expect.arrayContaining(['POST /v1/triggers', 'GET /v1/triggers/{id}']))
    expect(
      routeSections()
        .map(({ route }) => route)
        .toSorted(),
    ).toEqual(routes.toSorted())
  })

  it('shows a call of every route', () => {
    const silent = routeSections().filter(({ text }) => !text.includes('\ncurl -s '))
    expect(silent.map(({ route }) => route)).toEqual([])
  })

  it('lists every code of a refusal with its status, and no other', () => {
    const statuses = Object.entries(errorTable).map(([code, [status]]) => [code, String(status)])
    expect(firstCells('Codes', 'status').toSorted()).toEqual(Object.keys(errorTable).toSorted())
    expect(Object.fromEntries(tableCells('Codes', 'status'))).toEqual(Object.fromEntries(statuses))
  })

  it('lists everything that can be wrong with a field, and nothing else', () => {
    expect(firstCells('Codes', 'when').toSorted()).toEqual(Object.keys(fieldTitles).toSorted())
  })

  it('lists every error of an attempt, and no other', () => {
    expect(attemptErrors()).toContain('dns_not_found')
    expect(firstCells('Errors of attempts', 'meaning').toSorted()).toEqual(attemptErrors().toSorted())
  })

  it.each(['order_status', 'order_event', 'facility_event'])('names every event of kind %s', (kind) => {
    const [, names = ''] = tableCells('Names of events', 'names').find(([first]) => first === kind) ?? []
    const known = catalogue.filter((entry) => entry.kind === kind).map((entry) => entry.name)
    expect([...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual(known)
  })
})
