"""Flower's configuration: every name below that Flower knows is one of its options.

Flower executes this file itself (`workers/app.py` tells it where it stands), so that plain
`celery -A workers.app flower` is never open to the network, never open without a password, and controls nothing.
"""

from config.settings import settings

_HANDLERS = {
    "google": "GoogleAuth2LoginHandler",
    "github": "GithubLoginHandler",
    "gitlab": "GitLabLoginHandler",
    "okta": "OktaLoginHandler",
}
_chosen = settings()

address = _chosen.flower_host
port = _chosen.flower_port
url_prefix = _chosen.flower_url_prefix.strip("/")
if _chosen.flower_oauth_provider is None:
    basic_auth = [f"{_chosen.flower_user}:{_chosen.flower_password_text()}"]
else:
    auth_provider = f"flower.views.auth.{_HANDLERS[_chosen.flower_oauth_provider]}"
    auth = _chosen.flower_oauth_allowed
    oauth2_key = _chosen.flower_oauth_key
    oauth2_secret = _chosen.flower_oauth_secret.get_secret_value() if _chosen.flower_oauth_secret else ""
    oauth2_redirect_uri = _chosen.flower_oauth_redirect_url
    cookie_secret = _chosen.flower_cookie_text()
# Who may look may not restart, revoke or purge.
read_only = True
# What was seen survives a restart; a killed worker's row says STARTED for ever, so rows are few and old ones go.
persistent = True
db = str(_chosen.data_dir / "flower.db")
state_save_interval = 30_000
max_tasks = 20_000
purge_offline_workers = 3_600
# The result column tells the story: counts by outcome. The arguments, ids only, tell nothing and are left out, as are
# Celery's retries, of which there are none: what fails is tried again by a later task, and its row counts that.
tasks_columns = "name,state,result,received,runtime,worker"
natural_time = False
