-- How often an approval was taken for a call: each use has a number, and only by that number is it given back or ended.

alter table approval add column uses bigint not null default 0;
