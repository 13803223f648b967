/** A URL as mails show it: keys of integrators live in the query string, and mails are read by many. */
export function withoutQuery(url: string): string {
  const [bare = ''] = url.split(/[?#]/)
  return bare === url ? url : `${bare} (without its query)`
}
