set memory_limit = '100GB'
set global memory_limit = '100GB'
set session memory_limit = '100GB'
set threads = 64
set enable_external_access = true
set lock_configuration = false
set temp_directory = '{folder}'
set home_directory = '{folder}'
set secret_directory = '{folder}'
set extension_directory = '{folder}'
set allowed_directories = ['/']
set allowed_paths = ['/etc/passwd']
set autoinstall_known_extensions = true
set allow_community_extensions = true
set allow_unsigned_extensions = true
set access_mode = 'read_write'
set search_path = 'main'
set schema = 'main'
set TimeZone = 'Asia/Tokyo'
set variable x = 1
set enable_profiling = 'json'
set profiling_output = '{folder}/profile.json'
set log_query_path = '{folder}/queries.log'
set enable_logging = true
set logging_storage = 'file'
set python_enable_replacements = true
use main
use memory
reset memory_limit
reset lock_configuration
reset enable_external_access
reset TimeZone
pragma memory_limit = '100GB'
pragma threads = 64
pragma temp_directory = '{folder}'
pragma enable_profiling
pragma enable_profiling = 'json'
pragma profiling_output = '{folder}/profile.json'
pragma profile_output = '{folder}/profile.json'
pragma log_query_path = '{folder}/queries.log'
pragma enable_progress_bar
pragma enable_verification
pragma disable_checkpoint_on_shutdown
pragma lock_configuration = false
create secret s (type s3, key_id 'x', secret 'y')
create secret s (type http, bearer_token 'x')
create persistent secret s (type s3, key_id 'x', secret 'y')
create persistent secret s in local_file (type http, bearer_token 'x')
create secret s (type s3, key_id 'x', secret 'y'); select 1
drop secret s
drop persistent secret s
from which_secret('s3://x', 's3')
