"""Who may do what: Shared Key, SAS, bearer tokens, public containers, and what each operation needs."""
