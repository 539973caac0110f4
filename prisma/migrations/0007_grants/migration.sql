-- The least the serving role needs: it reads everything, adds facts, changes only what is meant to change,
-- and writes money through post_transfer alone.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ringfence_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ringfence_app;
GRANT EXECUTE ON FUNCTION post_transfer, lock_members TO ringfence_app;

GRANT INSERT ON actor, key_check, api_key, act, act_body, idempotency_record, idempotency_answer,
  source, batch, account, account_identity, identifier, observation, event, event_body,
  asset, program, program_version, policy_version, invite_code, click, referral, referral_fact,
  rebate, hold, waiting_event,
  scan, account_verdict, referral_verdict, identifier_strength, strength_stage, alert, ring, ring_version, ring_member, ring_referral, ring_lineage, check_record, check_body,
  review_case, plan, decision, decision_note, decision_effect, account_restriction TO ringfence_app;

GRANT UPDATE (revoked_at, expires_at) ON api_key TO ringfence_app;
GRANT UPDATE (latest_at) ON batch TO ringfence_app;
GRANT UPDATE (name) ON program TO ringfence_app;
GRANT UPDATE (occurred_at, status, organisation_hash, parent_id) ON account TO ringfence_app;
GRANT UPDATE (hash, key_id, flags, model, attributes, list_version, sealed, sealed_key_id) ON identifier TO ringfence_app;
GRANT UPDATE (retired_at) ON invite_code TO ringfence_app;
GRANT UPDATE (state, effective_at, version) ON referral TO ringfence_app;
GRANT UPDATE (case_id, owner_id, due_at, ended_at, ended_as, ended_by, ended_actor_id) ON hold TO ringfence_app;
GRANT UPDATE (state, as_of, position, snapshot, finished_at, summary) ON scan TO ringfence_app;
GRANT UPDATE (scan_id, strength, accounts) ON identifier_strength TO ringfence_app;
-- A scan names its new rings before it publishes them.
GRANT USAGE ON SEQUENCE ring_id_seq TO ringfence_app;
GRANT UPDATE (last_scan_id, state) ON ring TO ringfence_app;
GRANT UPDATE (state, owner_id, due_at, probability, expected_loss, asset, outcome, merged_into_id, members_digest, seen_scan_id, closed_at, version, acted_by, acted_at)
  ON review_case TO ringfence_app;
GRANT UPDATE (ended_at) ON account_restriction TO ringfence_app;

-- Erasable side rows, expired answers and superseded scan results may go; facts, money, decisions and acts may not.
GRANT DELETE ON account_identity, event_body, act_body, check_body, decision_note, observation, idempotency_record, idempotency_answer,
  waiting_event, account_verdict, referral_verdict, identifier_strength, strength_stage, alert, identifier TO ringfence_app;
