/** The first `most` characters, none of them half a surrogate pair; of a long text only the beginning is looked at. */
export function firstCharacters(text: string, most: number): string {
  if (text.length <= most) return text
  return Array.from(text.slice(0, 2 * most))
    .slice(0, most)
    .join('')
}
