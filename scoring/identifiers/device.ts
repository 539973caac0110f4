// Devices: an install id is stronger than a cookie id, that stronger than a fingerprint hash, which devices of one model share.
import { UAParser } from 'ua-parser-js'
import { IdentifierFlag } from '../population.ts'
import { accepted } from './shape.ts'
import type { Normaliser } from './shape.ts'

/** Longer user agents are cut before they are parsed: the parser's patterns are slow on long hostile input. */
export const userAgentLengthMax = 500

const randomUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

export const normaliseDevice: Normaliser = (identifier) => {
  const isBare = identifier.kind === 'device'
  const isUuid = randomUuid.test(identifier.value)
  // A bare id counts as the weaker subtype, unless its form shows that it was drawn at random and cannot collide.
  const kind = !isBare ? identifier.kind : isUuid ? 'device:cookie' : 'device:fingerprint'
  const model = kind === 'device:fingerprint' ? deviceModel(identifier.userAgent) : null
  return accepted({
    kind,
    value: isUuid ? identifier.value.toLowerCase() : identifier.value,
    flags: isBare ? IdentifierFlag.bare : 0,
    model,
    attributes: model === null ? identifier.attributes : { ...identifier.attributes, model },
  })
}

const knownModels = new Map<string, string | null>()
const knownModelsMax = 10_000

/** Browser, system and device class as one word, whose popularity sets how easily two fingerprints collide. */
export function deviceModel(userAgent: string): string | null {
  if (userAgent === '') return null
  const cut = userAgent.slice(0, userAgentLengthMax)
  const known = knownModels.get(cut)
  if (known !== undefined) return known
  const { browser, os, device } = new UAParser(cut).getResult()
  const parts = [
    [browser.name, browser.version?.split('.')[0]],
    [os.name, os.version],
    [device.vendor, device.model],
  ].map((part) => part.filter((word) => word !== undefined && word !== '').join(' '))
  const model = parts.some((part) => part !== '') ? parts.join(' / ') : null
  if (knownModels.size >= knownModelsMax) knownModels.clear()
  knownModels.set(cut, model)
  return model
}
