/*
 * setting.h -- the types of settings that mean something to us; those that do
 * not are in base/conf.h.  Each names what it fills.
 */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H
#include "base/conf.h"

conf_parser setting_base_url;         /* struct base_url */
conf_parser setting_account_sid;      /* const char *, AC... */
conf_parser setting_key_sid;          /* const char *, SK... */
conf_parser setting_content_sid;      /* const char *, HX... */
conf_parser setting_country;          /* const char *, two capitals */
conf_parser setting_name_style;       /* enum name_style */
conf_parser setting_worker;           /* const char *, an identity */
conf_parser setting_user;             /* long, a user of this machine */
conf_parser setting_hosts;            /* const char *, blanks between */
conf_parser setting_front_mode;       /* enum front_mode */
conf_parser setting_front_verify;     /* enum front_verify */
conf_parser setting_front_uncertain;  /* enum front_uncertain */
conf_parser setting_front_channel_id; /* const char *, cha_... */
conf_parser setting_numbers;          /* struct front_numbers */
conf_parser setting_path_token;       /* struct secret, fit for a URL */

#endif
