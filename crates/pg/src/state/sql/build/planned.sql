select exists (select from transhume.history where step = 'builds planned')
