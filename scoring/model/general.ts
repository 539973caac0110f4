// The model that is used where none is named: fitted on generated worlds, committed beside its card. It is made by
// `ringfence train --general`; a file that cannot be read whole is a defect of this program, not of its input.
import type { Model } from './model.ts'
import general from './general.json' with { type: 'json' }
import { parseModel } from './serialise.ts'

export const generalModel: Model = parsed()

function parsed(): Model {
  const result = parseModel(JSON.stringify(general))
  if (!result.ok) throw new Error(`scoring/model/general.json cannot be used: ${result.where}: ${result.reason}`)
  return result.model
}
