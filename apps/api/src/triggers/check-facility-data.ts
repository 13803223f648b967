import { parseTimestamp } from '../http/check-timestamp.ts'
import type { FieldCode } from '../http/error-table.ts'
import type { JsonObject } from '../http/parse-json-body.ts'
import type { FieldProblem } from '../http/problem.ts'
import { readId } from '../http/read-id.ts'

/** Says what is wrong with a value that is there; undefined: nothing. */
type Check = (value: unknown, pointer: string, problems: FieldProblem[]) => void
type Fields = {
  readonly required: Readonly<Record<string, Check>>
  readonly optional?: Readonly<Record<string, Check>>
}

const refuse = (problems: FieldProblem[], pointer: string, code: FieldCode, message: string): void =>
  void problems.push({ pointer, code, message })

/** Ids are the order system's own and opaque. */
const id: Check = (value, pointer, problems) =>
  void readId(value, { pointer, code: 'invalid_format', max: 255 }, problems)

const facilityId: Check = (value, pointer, problems) =>
  void readId(value, { pointer, code: 'invalid_facility_id', max: 128 }, problems)

/** The facility in the data of an event, once the data was checked; null without one. */
export const readFacility = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : (readId(value, { pointer: '', code: 'invalid_facility_id', max: 128 }, []) ?? null)

const text: Check = (value, pointer, problems) => {
  if (typeof value !== 'string') refuse(problems, pointer, 'invalid_type', 'This is a text.')
}

const flag: Check = (value, pointer, problems) => {
  if (typeof value !== 'boolean') refuse(problems, pointer, 'invalid_type', 'This is true or false.')
}

const time: Check = (value, pointer, problems) => {
  if (typeof value !== 'string') refuse(problems, pointer, 'invalid_type', 'A time is a text.')
  else if (parseTimestamp(value) === undefined)
    refuse(problems, pointer, 'invalid_timestamp', 'A time is written as in RFC 3339 with its zone.')
}

const iso8601Duration = /^P(?=\d|T\d)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$/

const duration: Check = (value, pointer, problems) => {
  if (typeof value !== 'string') refuse(problems, pointer, 'invalid_type', 'A duration is a text.')
  else if (!iso8601Duration.test(value))
    refuse(problems, pointer, 'invalid_format', 'A duration is written as in ISO 8601: PT30M.')
}

const texts: Check = (value, pointer, problems) => {
  if (!Array.isArray(value)) refuse(problems, pointer, 'invalid_type', 'This is a list of texts.')
  else {
    const at = value.findIndex((one) => typeof one !== 'string')
    if (at >= 0) refuse(problems, `${pointer}/${at}`, 'invalid_type', 'This is a text.')
  }
}

const object =
  (fields: Fields): Check =>
  (value, pointer, problems) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      refuse(problems, pointer, 'invalid_type', 'This is an object.')
    else checkFields(value as JsonObject, fields, pointer, problems)
  }

/** Null is no value. */
function checkFields(
  value: JsonObject,
  { required, optional }: Fields,
  pointer: string,
  problems: FieldProblem[],
): void {
  for (const name in required) {
    const given = value[name] ?? undefined
    if (given !== undefined) required[name]?.(given, `${pointer}/${name}`, problems)
    else refuse(problems, `${pointer}/${name}`, 'required', `${name} is missing.`)
  }
  for (const name in optional) {
    const given = value[name] ?? undefined
    if (given !== undefined) optional[name]?.(given, `${pointer}/${name}`, problems)
  }
}

const personal = { firstName: text, lastName: text, email: text }
const person = object({ required: {}, optional: { userId: id, source: text, ...personal } })
const scheduler = object({
  required: {},
  optional: {
    userId: id,
    source: text,
    email: text,
    autoScheduleContext: object({ required: {}, optional: { issued: flag, origin: text } }),
  },
})
const ofShift = { shiftId: id, facilityId, at: time }
const ofClinician = { ...ofShift, clinicianId: id }
const ofReport = { ...ofClinician, reportType: text }
const userConnection = { required: { facilityId, userId: id } }

/**
 * What the vendor documents of each event's payload ("Webhooks Events",
 * https://docs.nursa.com/docs/Integration%20Guideline/Webhooks%20Events/). Who did it, and what a shift can be without, may
 * be left out; other members are kept as they come.
 */
const byEvent: Readonly<Record<string, Fields>> = {
  'shift.created': {
    required: { ...ofShift, from: time, to: time, licenseType: text },
    optional: {
      description: text,
      breakTime: duration,
      autoScheduleSettings: object({ required: {}, optional: { enabled: flag, enabledOrigins: texts } }),
      createdBy: person,
    },
  },
  'shift.request.created': {
    required: ofClinician,
    optional: { clinicianContactPhone: text, requestedBy: person },
  },
  'shift.request.cancelled': {
    required: ofClinician,
    optional: { clinicianContactPhone: text, cancelledBy: person },
  },
  'shift.scheduled': {
    required: { ...ofShift, clinician: object({ required: { id }, optional: personal }) },
    optional: { scheduledBy: scheduler },
  },
  'shift.scheduled.cancelled': {
    required: ofClinician,
    optional: { clinicianContactPhone: text, cancelledBy: person },
  },
  'shift.cancelled': { required: { ...ofShift, reason: text }, optional: { cancelledBy: person } },
  'shift.report.created': { required: { ...ofShift, reportType: text }, optional: { createdBy: person } },
  'shift.report.accepted': { required: ofReport, optional: { acceptedBy: person } },
  'shift.report.accepted-automatically': { required: ofReport, optional: { acceptedBy: person } },
  'shift.report.rejected': { required: ofReport, optional: { rejectedBy: person } },
  'facility.user-connection.accepted': userConnection,
  'facility.user-connection.rejected': userConnection,
  'facility.creation.accepted': { required: { facilityId } },
  'facility.creation.rejected': { required: { facilityName: text } },
}

/** Adds what is wrong with the data of a facility event. By hand, like all of a trigger: see checkTrigger. */
export function checkFacilityData(
  name: string,
  data: JsonObject,
  pointer: string,
  problems: FieldProblem[],
): void {
  const fields = byEvent[name]
  if (fields) checkFields(data, fields, pointer, problems)
}
