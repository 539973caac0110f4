// Identities: actors, and the API keys that speak for them.

export { SYSTEM_ACTOR_ID } from '../acts/index.ts'
export { type ActorKind, ensureActor } from './actors.ts'
export {
  type ApiKeyRefusal, type ApiKeyResult, type ApiKeySummary, createApiKey, ensureFirstKey, type Identities, listApiKeys, type NewApiKey, revokeApiKey, rotateApiKey,
} from './api-keys.ts'
export { type Authentication, createAuthentication, type Identity, REMEMBERED_SECONDS } from './authentication.ts'
export { ALL_SCOPES, isScope, type Scope, SCOPE_SETS, SCOPES } from './scopes.ts'
