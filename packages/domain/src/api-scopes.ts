/** The APIs of this service, as an application token may be limited to them. */
export const apiScopes = ['v1', 'planomatic', 'nursa', 'planning-center'] as const
export type ApiScope = (typeof apiScopes)[number]
