-- What a tool's arguments must look like, as its server said at the last listing.

alter table tool add column input_schema text;
