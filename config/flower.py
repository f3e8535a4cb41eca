"""Flower's configuration: Flower executes this file, and every name in it that Flower knows is an option.

`workers/app.py` passes the path to Flower, so that plain `celery -A workers.app flower` is never open to the network,
never open without a password, and read-only.
"""

from config.flower_results import with_sentence
from config.settings import settings

_HANDLERS = {
    "google": "GoogleAuth2LoginHandler",
    "github": "GithubLoginHandler",
    "gitlab": "GitLabLoginHandler",
    "okta": "OktaLoginHandler",
}
_settings = settings()

address = _settings.flower_host
port = _settings.flower_port
url_prefix = _settings.flower_url_prefix.strip("/")
if _settings.flower_oauth_provider is None:
    basic_auth = [f"{_settings.flower_user}:{_settings.flower_password_text()}"]
else:
    auth_provider = f"flower.views.auth.{_HANDLERS[_settings.flower_oauth_provider]}"
    auth = _settings.flower_oauth_allowed
    oauth2_key = _settings.flower_oauth_key
    oauth2_secret = _settings.flower_oauth_secret.get_secret_value() if _settings.flower_oauth_secret else ""
    oauth2_redirect_uri = _settings.flower_oauth_redirect_url
    cookie_secret = _settings.flower_cookie_text()
# Nobody may restart workers, revoke tasks or purge queues here.
read_only = True
# Tasks survive a restart of Flower; a killed worker's task says STARTED for ever, so few rows are kept.
persistent = True
db = str(_settings.data_dir / "flower.db")
state_save_interval = 30_000
max_tasks = 20_000
purge_offline_workers = 3_600
# The result column shows counts by outcome. The arguments are left out, because they are ids only, and so are Celery's
# retries, because there are none: a later task tries again what failed.
tasks_columns = "name,state,result,received,runtime,worker"
natural_time = False
# A sentence stands before the counts; the API of Flower has the counts alone.
format_task = with_sentence
