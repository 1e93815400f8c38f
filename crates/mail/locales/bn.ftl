login-subject = { $code } আপনার সাইন-ইন কোড
login-body = সাইন ইন করতে এই কোডটি ব্যবহার করুন:
recovery-subject = { $code } আপনার পুনরুদ্ধার কোড
recovery-body = আপনার অ্যাকাউন্টে আবার প্রবেশ করতে এই কোডটি ব্যবহার করুন:
email-verification-subject = { $code } আপনার ইমেল ঠিকানা নিশ্চিত করার কোড
email-verification-body = আপনার ইমেল ঠিকানা নিশ্চিত করতে এই কোডটি ব্যবহার করুন:
code-validity = কোডটি { $minutes } মিনিট পর্যন্ত কার্যকর।
code-advice = এটি কাউকে জানাবেন না। আপনি কোড না চেয়ে থাকলে এই বার্তাটি উপেক্ষা করতে পারেন।

email-login-attempted-subject = এই ঠিকানা দিয়ে { $service }-এ সাইন-ইন
email-login-attempted-body = কেউ এই ইমেল ঠিকানা দিয়ে { $service }-এ সাইন ইন করতে চাইছেন, কিন্তু এটি কোনো অ্যাকাউন্টের নয়। আপনি হলে, যে ঠিকানা দিয়ে নিবন্ধন করেছিলেন সেটি ব্যবহার করুন অথবা একটি অ্যাকাউন্ট তৈরি করুন।
email-registration-attempted-subject = { $service }-এ আপনার ইতিমধ্যে একটি অ্যাকাউন্ট আছে
email-registration-attempted-body = কেউ এই ইমেল ঠিকানাটি { $service }-এর একটি অ্যাকাউন্টের জন্য ব্যবহার করতে চাইছেন, কিন্তু এটি ইতিমধ্যে একটি অ্যাকাউন্টের ঠিকানা। আপনি হলে, এটি দিয়ে সাইন ইন করুন।
attempt-advice = আপনি না হলে আপনাকে কিছু করতে হবে না।

password-update-subject = আপনার { $service } পাসওয়ার্ড পরিবর্তিত হয়েছে
password-update-body = আপনার { $service } অ্যাকাউন্টের পাসওয়ার্ড পরিবর্তিত হয়েছে।
primary-email-update-subject = { $service }-এ আপনার প্রধান ঠিকানা পরিবর্তিত হয়েছে
primary-email-update-body = আপনার { $service } অ্যাকাউন্টের প্রধান ইমেল ঠিকানা ছিল { $old }; এখন তা { $new }।
email-create-subject = আপনার { $service } অ্যাকাউন্টে একটি ঠিকানা যোগ হয়েছে
email-create-body = ইমেল ঠিকানা { $new } আপনার { $service } অ্যাকাউন্টে যোগ করা হয়েছে।
email-delete-subject = আপনার { $service } অ্যাকাউন্ট থেকে একটি ঠিকানা সরানো হয়েছে
email-delete-body = ইমেল ঠিকানা { $deleted } আপনার { $service } অ্যাকাউন্ট থেকে সরানো হয়েছে।
passkey-create-subject = আপনার { $service } অ্যাকাউন্টে একটি পাসকি যোগ হয়েছে
passkey-create-body = এখন একটি নতুন পাসকি দিয়ে আপনার { $service } অ্যাকাউন্টে সাইন ইন করা যাবে।
mfa-create-subject = আপনার { $service } অ্যাকাউন্টে একটি দ্বিতীয় ধাপ যোগ হয়েছে
mfa-create-body = আপনার { $service } অ্যাকাউন্টে সাইন-ইন এখন একটি নতুন দ্বিতীয় ধাপ দিয়ে নিশ্চিত করা যাবে।
mfa-delete-subject = আপনার { $service } অ্যাকাউন্ট থেকে একটি দ্বিতীয় ধাপ সরানো হয়েছে
mfa-delete-body = আপনার { $service } অ্যাকাউন্টের একটি দ্বিতীয় ধাপ সরানো হয়েছে।
notification-advice = আপনি এটি না করে থাকলে এখনই সাইন ইন করুন, আপনার অ্যাকাউন্ট পরীক্ষা করুন এবং সাইন-ইন তথ্য বদলান।

footer = { $service } এই বার্তাটি স্বয়ংক্রিয়ভাবে পাঠিয়েছে।
