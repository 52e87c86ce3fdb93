select seen_at::text from transhume.runner
