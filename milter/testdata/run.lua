-- Runs lib.lua and then a script, and says what went wrong, which miltertest
-- itself keeps to itself. Globals: "here" is this directory, "script" the name of
-- the script, "socket" where the daemon listens.

for _, name in ipairs({ "lib", script }) do
  local ok, err = pcall(dofile, here .. "/" .. name .. ".lua")
  if not ok then
    mt.echo(tostring(err))
    error(err)
  end
end
