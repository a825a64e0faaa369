/* conf_set.h - a function for each kind of value; only the table in conf_keys.c names them. */
#ifndef GATE25_BASE_CONF_SET_H
#define GATE25_BASE_CONF_SET_H

#include "proxy/base/conf_internal.h"

conf_set_fn conf_set_bool;
conf_set_fn conf_set_number;
conf_set_fn conf_set_workers;
conf_set_fn conf_set_route_table;
conf_set_fn conf_set_word;
conf_set_fn conf_set_log;
conf_set_fn conf_set_port;
conf_set_fn conf_set_ports;
conf_set_fn conf_set_mark;
conf_set_fn conf_set_scope;
conf_set_fn conf_set_source;
conf_set_fn conf_set_prefix;
conf_set_fn conf_add_string;
conf_set_fn conf_set_interface;
conf_set_fn conf_set_exempt_user;
conf_set_fn conf_set_user;
conf_set_fn conf_set_path;
conf_set_fn conf_set_path_or_off;
conf_set_fn conf_set_socket;
conf_set_fn conf_set_monitor;
conf_set_fn conf_set_resolver;
conf_set_fn conf_set_group;
conf_set_fn conf_set_level;
conf_set_fn conf_set_default_level;
conf_set_fn conf_set_floor;
conf_set_fn conf_set_host;
conf_set_fn conf_add_name;
conf_set_fn conf_set_name;
conf_set_fn conf_set_match;
conf_set_fn conf_set_fingerprint;

#endif
