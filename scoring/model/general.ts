// The model that is used where none is named. The train command writes this file.
export { priorModel as generalModel } from './priors.ts'
