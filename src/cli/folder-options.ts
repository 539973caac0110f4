// What the commands on export folders share: reading options from text, opening a folder, loading a model, saying no.
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import type { Thresholds } from '../../scoring/detection.ts'
import { generalModel } from '../../scoring/model/general.ts'
import type { Model } from '../../scoring/model/model.ts'
import { parseModel } from '../../scoring/model/serialise.ts'
import type { ExportFolder } from '../folders/open-folder.ts'
import { openFolder } from '../folders/open-folder.ts'
import { describeRefusal, refusalText } from '../folders/refusals.ts'
import type { Language } from '../folders/refusals.ts'
import { parseTime } from '../folders/times.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'

export function timeOption(text: string): number {
  const time = parseTime(text)
  if (!time.ok) throw new InvalidArgumentError('Give ISO 8601 with a zone (2026-11-20T00:00:00Z) or seconds since 1970.')
  return time.seconds
}

/** `5%` or `0.05` → 50,000 parts per million. */
export function rateOption(text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)\s*(%?)$/.exec(text)
  const share = Number(match?.[1] ?? Number.NaN) / (match?.[2] === '%' ? 100 : 1)
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('Give a share between 0 and 1, or per cent: 0.05 or 5%.')
  return Math.round(share * 1e6)
}

export function probabilityOption(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('Give a probability between 0 and 1.')
  return value
}

export function wholeNumberOption(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}

export function currencyOption(text: string): string {
  const code = text.toUpperCase()
  if (!/^[A-Z]{3}$/.test(code)) throw new InvalidArgumentError('Give a currency code of three letters, or DAY.')
  return code
}

export function languageOption(text: string): Language {
  if (text === 'en' || text === 'zh-CN') return text
  throw new InvalidArgumentError('Languages: en, zh-CN.')
}

export interface ThresholdOptions {
  readonly hold?: number
  readonly deny?: number
  readonly ring?: number
}

/** Null, with a message and the exit code set, where deny is below hold. */
export function thresholdsOf(options: ThresholdOptions, context: CliContext): Partial<Thresholds> | null {
  const { hold, deny, ring } = options
  if (hold !== undefined && deny !== undefined && deny < hold) {
    refuseUse(context, 'The threshold of --deny must not be below that of --hold.')
    return null
  }
  return {
    ...(hold === undefined ? {} : { hold }), ...(deny === undefined ? {} : { deny }), ...(ring === undefined ? {} : { ring }),
  }
}

/** Null, with a message and the exit code set, where the folder cannot be opened. */
export async function openedFolder(directory: string, context: CliContext): Promise<ExportFolder | null> {
  const result = await openFolder(directory)
  if (result.ok) return result.folder
  const { refusal } = result
  refuseUse(context, refusal.file === '' ? `${directory}: ${refusalText(refusal.reason)}` : describeRefusal(refusal))
  return null
}

/** The committed general model, or the one of a file; null, with a message and the exit code set, where it is no model. */
export async function loadedModel(path: string | undefined, context: CliContext): Promise<Model | null> {
  if (path === undefined) return generalModel
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) {
    refuseUse(context, `The model ${path} cannot be read.`)
    return null
  }
  const parsed = parseModel(text)
  if (parsed.ok) return parsed.model
  refuseUse(context, `The file ${path} is no model: ${parsed.reason} at ${parsed.where}.`)
  return null
}

export function refuseUse(context: CliContext, message: string): void {
  context.printError(message)
  context.exit(ExitCode.badInput)
}
