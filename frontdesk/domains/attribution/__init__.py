"""Attribution: how a business credits its marketing, and what each channel brought."""
