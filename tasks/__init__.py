"""The Celery tasks, each thin; the work is in `pipeline`.

- `events`: one task for each kind of event; a message names ids in the inbox.
- `refresh`: decide again for students whose policy, catalogue, model version or clock changed without an event.
- `sweep`: every few seconds enqueue again what is overdue. `nightly`: train the model, prune old data, mark a refresh.
- `lti_scores`: each night tell LMSs how many tasks are done, where a school wants it; `lti` calls their services.
- `outbound`: JSON from other servers, within bounds. `progress`: counts for Flower.
- `job`: the decorator that registers a task. `broker`: `enqueue` and `ping_broker`.
- `routing`: which task applies which kind of event.

Steps of an event in `pipeline`: `drain` claims batches from the inbox. For each, `apply_events` resolves names, builds
facts and records them (`apply_overrides` for teacher overrides), and `decide` loads inputs, updates states, chooses and
publishes what changed: one commit for the whole effect of an event.
"""
