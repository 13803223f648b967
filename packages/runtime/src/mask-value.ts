const SECRET_NAME = /SECRET|TOKEN|PASS|PWD|KEY|CREDENTIAL|AUTH|COOKIE|DSN|SIGNATURE/i

/**
 * Shows enough of a variable to recognise a typing error and never a secret: nothing of secret-looking names or of
 * texts that may hold credentials, a URL's scheme and host only, short plain words as they are.
 */
export function maskValue(name: string, value: string | undefined): string {
  if (value === undefined) return 'not set'
  const hidden = `hidden, ${value.length} characters`
  if (SECRET_NAME.test(name)) return hidden
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    try {
      const { protocol, host, username } = new URL(value)
      // A password with a slash in it ends the host early and would show its first part.
      if (value.includes('@') && username === '') return hidden
      return `"${protocol}//${host}…"`
    } catch {
      return hidden
    }
  }
  // Anything long, or with characters a credential in a mistyped URL would bring, stays hidden.
  return /^[\w .,/+-]{0,24}$/.test(value) ? `"${value}"` : hidden
}
