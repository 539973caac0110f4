// How numbers, money, times and ids read in a report.
import { formatAmount, fromFloat } from '../amounts.ts'

export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1,234.56 EUR`; three or more decimals only below a hundredth. */
export function money(units: bigint, currency: string): string {
  const text = formatAmount(units, currency)
  const [whole = '0', fraction] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  if (fraction === undefined) return `${grouped} ${currency}`
  const isTiny = whole === '0' && fraction.startsWith('00')
  return `${grouped}.${isTiny ? fraction : roundedCents(fraction)} ${currency}`
}

function roundedCents(fraction: string): string {
  return fraction.slice(0, 2).padEnd(2, '0')
}

/** An amount that was estimated in floating point, to hundredths. */
export function estimate(value: number, currency: string): string {
  const units = fromFloat(value, currency)
  const cent = currency === 'DAY' ? 1n : 10_000n
  return money(((units + cent / 2n) / cent) * cent, currency)
}

export function share(value: number): string {
  return `${Number((value * 100).toPrecision(3))} %`
}

/** A probability or score: never 1.000 for what is not certain. */
export function score(value: number): string {
  if (value > 0.9995 && value < 1) return '> .999'
  if (value > 0 && value < 0.0005) return '< .001'
  return value === 1 ? '1.000' : value.toFixed(3).replace(/^0/, '')
}

export function bits(value: number): string {
  const rounded = Math.round(value * 10) / 10
  if (rounded === 0) return '0.0'
  return `${rounded > 0 ? '+' : '−'}${Math.abs(rounded).toFixed(1)}`
}

export function figure(value: number, digits = 3): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** Ids are the host's names for accounts; where one is an e-mail address, the mailbox is masked. */
export function accountName(id: string): string {
  const match = /^([^@\s])[^@\s]*(@[^@\s]+)$/.exec(id)
  return match === null ? id : `${match[1]}…${match[2]}`
}

/** `2026-11-20 21:44` in UTC. */
export function moment(seconds: number): string {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ') : '–'
}
