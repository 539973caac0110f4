// Devices and what they show: install id, cookie, fingerprint and user agent, each changing in its own way.
// Popular models collide on their fingerprint and upgrades change it, so that neither sameness nor difference is proof.
import type { Parameters } from './parameters.ts'
import { mix, mixHex, type Random } from './random.ts'

export interface Device {
  readonly seed: number
  readonly family: Family
  readonly model: number
  readonly isPhone: boolean
  /** Devices of one model and bucket share a fingerprint while they run the same versions. */
  readonly bucket: number
  /** How far its updates lag behind the newest, in days. */
  readonly lagDays: number
  readonly cookieSeconds: number
  readonly driftSeconds: number
  readonly appShare: number
}

type Family = 'iphone' | 'android' | 'windows' | 'mac' | 'linux'

const androidModels = [
  'SM-A546B', 'SM-G991B', 'SM-A135F', 'Redmi Note 11', 'M2101K6G', 'CPH2239', 'V2120', 'RMX3491',
  'SM-S918B', 'Pixel 7', 'Pixel 6a', 'SM-A325F', '22101316I', 'moto g(60)', 'CPH2483', 'SM-M336B',
  'RMX3630', 'V2206', 'Pixel 8 Pro', 'SM-A055F', '23021RAA2Y', 'SM-S711B', 'XQ-CC54', 'LE2113',
]
const iphoneModels = 14
const modelsOf: { readonly [family in Family]: number } =
  { iphone: iphoneModels, android: androidModels.length, windows: 12, mac: 8, linux: 3 }

/** Typical number of distinguishable configurations of one model. */
const bucketsOf: { readonly [family in Family]: number } =
  { iphone: 4, android: 60, windows: 4000, mac: 400, linux: 3000 }

export function makeDevice(parameters: Parameters, random: Random, isPhone: boolean): Device {
  const family: Family = isPhone
    ? (random.chance(parameters.iphoneShare) ? 'iphone' : 'android')
    : (['windows', 'mac', 'linux'] as const)[random.weighted([0.7, 0.26, 0.04])] ?? 'windows'
  const buckets = Math.max(1, Math.round(bucketsOf[family] * parameters.fingerprintEntropy))
  return {
    seed: random.bits(),
    family,
    model: random.ranked(modelsOf[family]),
    isPhone,
    bucket: random.ranked(buckets),
    lagDays: random.exponential(25),
    cookieSeconds: random.logNormal(parameters.cookieDays, 0.7) * 86_400,
    driftSeconds: parameters.driftDays * 86_400,
    appShare: isPhone ? clamp(parameters.appShare + random.between(-0.2, 0.2)) : 0,
  }
}

/** A device of the same model and configuration as another: its fingerprint collides, everything else differs. */
export function makeTwin(device: Device, random: Random): Device {
  return { ...device, seed: random.bits(), cookieSeconds: device.cookieSeconds * random.between(0.6, 1.6) }
}

/** What one account changes of a device: 0 leaves the device as it is, any other number replaces that trace. */
export interface Disguise {
  readonly install: number
  readonly cookie: number
  readonly fingerprint: number
}

export const noDisguise: Disguise = { install: 0, cookie: 0, fingerprint: 0 }

export function installId(device: Device, disguise: Disguise): string {
  const hex = mixHex([device.seed, 11, disguise.install], 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A cookie lives until it is cleared; a private window or another profile is a cookie of its own. */
export function cookieId(device: Device, disguise: Disguise, at: number): string {
  const phase = mix(device.seed, 5) % device.cookieSeconds
  return mixHex([device.seed, 13, disguise.cookie, Math.floor((at + phase) / device.cookieSeconds)], 24)
}

export function fingerprint(device: Device, disguise: Disguise, at: number): string {
  const release = Math.floor((at - device.lagDays * 86_400) / device.driftSeconds)
  const family = device.family.charCodeAt(0) * 64 + device.model
  return mixHex([family, device.bucket, release, disguise.fingerprint], 32)
}

const chromeAt2024 = 120
const seconds2024 = 1_704_067_200

/** The user agent of the app's web view, or of the browser, with the versions of that time. */
export function userAgent(device: Device, at: number, inApp: boolean): string {
  const months = Math.max(0, (at - seconds2024) / 2_592_000 - device.lagDays / 30)
  const chrome = chromeAt2024 + Math.floor(months)
  const system = 16 + Math.floor((months + 3) / 12)
  const minor = Math.floor(((months + 3) % 12) / 2)
  const safari = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  if (device.family === 'iphone') {
    const os = `Mozilla/5.0 (iPhone; CPU iPhone OS ${system + 1}_${minor} like Mac OS X) ${safari}`
    return inApp ? `${os} Mobile/15E148` : `${os} Version/${system + 1}.${minor} Mobile/15E148 Safari/604.1`
  }
  if (device.family === 'android') {
    const version = 11 + (device.model % 3) + Math.floor((months + 3) / 18)
    const model = androidModels[device.model] ?? 'K'
    return inApp
      ? `Mozilla/5.0 (Linux; Android ${version}; ${model}; wv) ${webkit} Version/4.0 Chrome/${chrome}.0.6099.${(device.model * 7) % 230} Mobile Safari/537.36`
      : `Mozilla/5.0 (Linux; Android ${version}; ${model}) ${webkit} Chrome/${chrome}.0.0.0 Mobile Safari/537.36`
  }
  const computer = device.family === 'windows' ? 'Windows NT 10.0; Win64; x64'
    : device.family === 'mac' ? 'Macintosh; Intel Mac OS X 10_15_7' : 'X11; Linux x86_64'
  const browser = device.model % 4
  if (browser === 1) return `Mozilla/5.0 (${computer}; rv:${chrome + 1}.0) Gecko/20100101 Firefox/${chrome + 1}.0`
  if (browser === 2 && device.family === 'mac') return `Mozilla/5.0 (${computer}) ${safari} Version/${system + 1}.${minor} Safari/605.1.15`
  const edge = browser === 3 ? ` Edg/${chrome}.0.0.0` : ''
  return `Mozilla/5.0 (${computer}) ${webkit} Chrome/${chrome}.0.0.0 Safari/537.36${edge}`
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share))
}
