// A short name for a model's content: the same cards have the same version, and any change gives another.
import type { Model } from './model.ts'

export type VersionedContent = Omit<Model, 'version' | 'card'>

/** `<origin>-<12 hexadecimal digits>` by two rounds of FNV-1a (Fowler, Noll, Vo 1991) over the content as JSON. */
export function versionOf(content: VersionedContent): string {
  const json = JSON.stringify([content.format, content.strength, content.referral, content.account, content.training])
  const digits = [0x811c9dc5, 0x01234567].map((start) => hash(json, start).toString(16).padStart(8, '0'))
  return `${content.origin}-${digits.join('').slice(0, 12)}`
}

function hash(text: string, start: number): number {
  let value = start
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
