-- SHA-256 of the definition of the MCP tool that people were asked about: another definition is another question.

alter table approval add column definition_hash text;
